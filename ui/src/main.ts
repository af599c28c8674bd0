import './lib/language';
import { mount } from 'svelte';
import './app.css';
import App from './App.svelte';
import { shell } from './lib/ipc/shell';

const target = document.getElementById('app');
if (target) mount(App, { target, props: { ipc: shell } });

import '@testing-library/jest-dom/vitest';
import { beforeEach } from 'vitest';

// Each test is the first time that a window is open.
beforeEach(() => localStorage.clear());

// jsdom draws nothing, and says so each time that it is asked.
HTMLCanvasElement.prototype.getContext = () => null;

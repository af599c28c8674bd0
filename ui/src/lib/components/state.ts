// One place that says which icon and colour a state has. The word comes from the shell; colour never stands alone.
import Ban from '@lucide/svelte/icons/ban';
import Circle from '@lucide/svelte/icons/circle';
import CircleCheck from '@lucide/svelte/icons/circle-check';
import CircleDot from '@lucide/svelte/icons/circle-dot';
import CircleDashed from '@lucide/svelte/icons/circle-dashed';
import CirclePause from '@lucide/svelte/icons/circle-pause';
import CircleQuestionMark from '@lucide/svelte/icons/circle-question-mark';
import CircleX from '@lucide/svelte/icons/circle-x';
import Clock from '@lucide/svelte/icons/clock';
import Contrast from '@lucide/svelte/icons/contrast';
import Lock from '@lucide/svelte/icons/lock';
import OctagonX from '@lucide/svelte/icons/octagon-x';
import PencilOff from '@lucide/svelte/icons/pencil-off';
import Play from '@lucide/svelte/icons/play';
import Shield from '@lucide/svelte/icons/shield';
import ShieldCheck from '@lucide/svelte/icons/shield-check';
import TriangleAlert from '@lucide/svelte/icons/triangle-alert';
import Unplug from '@lucide/svelte/icons/unplug';
import type { Component } from 'svelte';
import type { JobView, WorkerStorageView, WorkerView } from '../ipc';

export type Tone = 'ok' | 'warn' | 'bad' | 'off' | 'info';
export type Look = { icon: Component; tone: Tone };

const look = (icon: unknown, tone: Tone): Look => ({ icon: icon as Component, tone });

const HEALTH: Record<string, Look> = {
  ready: look(CircleCheck, 'ok'),
  read_only: look(PencilOff, 'warn'),
  missing: look(CircleX, 'warn'),
  not_mounted: look(Unplug, 'warn'),
  denied: look(Lock, 'bad'),
  full: look(TriangleAlert, 'warn'),
  not_answering: look(CircleDashed, 'warn'),
  broken: look(OctagonX, 'bad'),
};

/** Whether a worker's storage is this computer's: said of one that can be used. */
const SAMENESS: Record<string, Look> = {
  confirmed: look(ShieldCheck, 'ok'),
  same_mark: look(Shield, 'off'),
  unknown: look(Shield, 'off'),
};

export const CONFIRMED: Look = SAMENESS['confirmed']!;

/** Whether files of a storage in this state can be read. */
export const isThere = (state: string): boolean => ['ready', 'read_only', 'full'].includes(state);

const JOB: Record<string, Look> = {
  queued: look(Clock, 'off'),
  assigned: look(CircleDashed, 'info'),
  checking: look(CircleDashed, 'info'),
  running: look(Play, 'info'),
  stopping: look(CirclePause, 'warn'),
  lost: look(CircleDashed, 'warn'),
  succeeded: look(CircleCheck, 'ok'),
  failed: look(CircleX, 'bad'),
  cancelled: look(Ban, 'off'),
};

const FIT: Record<string, Look> = {
  now: look(CircleCheck, 'ok'),
  partly: look(TriangleAlert, 'warn'),
  busy: look(Clock, 'info'),
  no: look(CircleX, 'bad'),
};

const READINESS: Record<string, Look> = {
  ready: look(CircleCheck, 'ok'),
  partly: look(TriangleAlert, 'warn'),
  asks: look(CircleQuestionMark, 'warn'),
  queued: look(Clock, 'info'),
  wait: look(Clock, 'warn'),
  none: look(Clock, 'warn'),
  blocked: look(TriangleAlert, 'bad'),
  offline: look(Unplug, 'warn'),
};

/** Of a storage that is another one than the lab's of its name. */
export const OTHER: Look = look(OctagonX, 'bad');
export const WARNING: Look = look(TriangleAlert, 'warn');
const UNPROVED: Look = look(Contrast, 'off');
export const UNKNOWN: Look = look(Circle, 'off');

/** As the shell calls a storage's state. */
export const healthWords = (state: string): string => ({ denied: 'no permission' })[state] ?? state.replace('_', ' ').replace('read only', 'read-only');

export const healthLook = (state: string): Look => HEALTH[state] ?? UNKNOWN;
export function storageLook({ state, sameness }: WorkerStorageView): Look {
  if (sameness === 'other_storage') return OTHER;
  return (state === 'ready' && sameness !== null ? SAMENESS[sameness] : undefined) ?? healthLook(state);
}
/** A worker that could start now is half a one as long as nobody has proved that it has the same storage. */
export const fitLook = (fit: string, sameness: string | null = null): Look =>
  fit === 'now' && sameness !== null && sameness !== 'confirmed' ? UNPROVED : (FIT[fit] ?? UNKNOWN);
export const readinessLook = (state: string): Look => READINESS[state] ?? UNKNOWN;
export const workerLook = ({ busy, draining }: WorkerView): Look => (busy ? look(Play, 'info') : draining ? look(CirclePause, 'off') : look(CircleCheck, 'ok'));

export const OFFLINE: Look = look(Circle, 'off');

/** Of the lab: whether it is connected. */
export const linkLook = (up: boolean): Look => (up ? look(CircleDot, 'ok') : look(CircleDashed, 'warn'));

/** How a try of a job ended; null while it goes on. */
export const tryLook = (end: string | null): Look => (end === null ? JOB['running'] : end === 'unfit' ? JOB['failed'] : JOB[end]) ?? UNKNOWN;

export function jobLook(job: JobView): Look {
  const running = !['succeeded', 'failed', 'cancelled', 'queued'].includes(job.state);
  const shown = running && job.stopping !== null ? 'stopping' : job.lost ? 'lost' : job.state;
  return JOB[shown] ?? UNKNOWN;
}

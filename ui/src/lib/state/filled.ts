import type { NewJob } from './draft.svelte';

/** What the person put into the form, to be put back; none where that is nothing, or was submitted. */
export function filled(form: NewJob): (() => void) | null {
  const { dataset, batch, together, videos, alike, declined, kind, settingsFrom, name, worker } = form;
  const typed = { ...form.typed };
  const { folder, there, how } = form.results;
  const given = dataset !== null || folder !== null || [name, worker, ...Object.values(typed)].some((text) => text.trim() !== '');
  if (!given || form.submitted !== null) return null;
  return () => {
    form.clear();
    Object.assign(form, { dataset, batch, together, videos, alike, declined, kind, settingsFrom, name, worker, typed });
    Object.assign(form.results, { folder, there, how });
    void form.readOn();
  };
}

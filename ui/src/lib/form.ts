// How the form of a job type is laid out, and what is typed into it.
import type { ParameterView, Value } from './ipc';

export interface Section {
  /** Empty: without a heading. */
  title: string;
  parameters: ParameterView[];
}

/** The section that is folded away, as our own job types call it. */
const MORE = 'More';
/** Of a job type that names no section: beyond so many, those that need no value are folded away. */
const MOST = 6;

/** The rows of a form: sections in the order of their first row, and what is folded away. */
export function layout(parameters: ParameterView[]): { sections: Section[]; more: ParameterView[] } {
  const settings = parameters.filter((parameter) => parameter.role === 'setting');
  const grouped = settings.some((parameter) => parameter.group !== null);
  const shown = settings.filter((parameter) => parameter.control !== 'HIDDEN' && parameter.group !== MORE);
  const first = grouped || shown.length <= MOST ? shown : shown.filter((parameter, index) => parameter.required || index < MOST - 2);
  const sections: Section[] = [];
  for (const parameter of first) {
    const title = parameter.group ?? '';
    const known = sections.find((section) => section.title === title);
    if (known) known.parameters.push(parameter);
    else sections.push({ title, parameters: [parameter] });
  }
  return { sections, more: settings.filter((parameter) => !first.includes(parameter)) };
}

/** "0 takes the configuration's number.": then 0 is a word for leaving it to the program. */
const ZERO_IS_A_WORD = /(^|[.;] )0 (takes|leaves|means|is) /;
/** The same whole, to its end. */
const ZERO_SENTENCE = /(^|[.;] )0 (takes|leaves|means|is) .*?([.;](?= |$)|$)/;

const isLeftOpen = ({ default: value, description }: ParameterView) => value === 0 && ZERO_IS_A_WORD.test(description ?? '');

/** What a row shows where nothing was typed; none where that is for the program to choose. */
export function standardOf(parameter: ParameterView): string | null {
  const value = parameter.default;
  if (value === null || value === '' || Array.isArray(value)) return null;
  return isLeftOpen(parameter) ? null : String(value);
}

/** What is said below a row. What its 0 stands for is not said of one that shows it as left open. */
export function hintOf(parameter: ParameterView): string | null {
  const { description } = parameter;
  if (description === null || !isLeftOpen(parameter)) return description;
  const rest = description.replace(ZERO_SENTENCE, '$1').trim().replace(/;$/, '.');
  return rest === '' ? null : rest;
}

/** The rows of a section: numbers that follow each other are short, and stand beside each other. */
export function rowsOf(parameters: ParameterView[]): ParameterView[][] {
  const rows: ParameterView[][] = [];
  const isNumber = (parameter: ParameterView | undefined) => parameter !== undefined && controlOf(parameter) === 'number';
  for (const parameter of parameters) {
    const last = rows.at(-1);
    if (last && isNumber(last[0]) && isNumber(parameter)) last.push(parameter);
    else rows.push([parameter]);
  }
  return rows;
}

const ON = ['true', 'yes', 'on', '1'];

/** The two values of a check box: what it gives when it is ticked, and when it is not. */
export function checkBox(parameter: ParameterView): { on: string; off: string } {
  const allowed = parameter.allowed.map(String);
  const on = allowed.find((value) => ON.includes(value.toLowerCase())) ?? 'true';
  return { on, off: allowed.find((value) => value !== on) ?? 'false' };
}

/** How a parameter is asked for. One that is hidden, or asked for as nobody knows, is asked for after its type. */
export function controlOf(parameter: ParameterView): 'select' | 'check' | 'lines' | 'number' | 'file' | 'new-file' | 'folder' | 'files' | 'folders' | 'line' {
  switch (parameter.control) {
    case 'CHECK_BOX':
      return 'check';
    case 'MULTILINE_EDIT':
      return 'lines';
    case 'CHOOSE_INPUT_FILE':
      return 'file';
    case 'CHOOSE_OUTPUT_FILE':
      return 'new-file';
    case 'CHOOSE_DIRECTORY':
      return 'folder';
    case 'CHOOSE_INPUT_FILE_LIST':
    case 'CHOOSE_OUTPUT_FILE_LIST':
      return 'files';
    case 'CHOOSE_DIRECTORY_LIST':
      return 'folders';
  }
  if (parameter.allowed.length > 0) return 'select';
  if (parameter.type === 'INT' || parameter.type === 'FLOAT') return 'number';
  if (parameter.type === 'PATH') return 'file';
  return parameter.type.startsWith('LIST[') ? 'files' : 'line';
}

/** A value as it is typed; of several, one a line. */
export function textOf(value: Value): string {
  if (Array.isArray(value)) return value.map(textOf).join('\n');
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** A typed text as the parameter's type has it. What is no number stays text, and the shell says so. */
export function valueOf(parameter: ParameterView, text: string): Value {
  const chosen = parameter.allowed.find((value) => String(value) === text);
  if (chosen !== undefined) return chosen;
  if (parameter.type.startsWith('LIST[')) return text.split('\n').map((line) => line.trim()).filter((line) => line !== '');
  const number = Number(text);
  if (parameter.type === 'INT') return Number.isSafeInteger(number) ? number : text;
  if (parameter.type === 'FLOAT') return Number.isFinite(number) ? number : text;
  return text;
}

/** Which models a training makes, where the form tells: those of the configurations that are given, or the two of a top-down model. */
export function modelsOf(parameters: ParameterView[], typed: Record<string, string>): { count: number; topDown: boolean } | null {
  const given = (name: string) => (parameters.some((parameter) => parameter.name === name) ? (typed[name]?.trim() ?? '') : '');
  const configurations = given('CONFIG').split('\n').filter((line) => line.trim() !== '').length;
  if (configurations > 0 || given('RESUME_FROM') !== '') return configurations > 1 ? { count: configurations, topDown: false } : null;
  return given('PIPELINE').endsWith('topdown') ? { count: 2, topDown: true } : null;
}

/** What is wrong with a number that was typed, if something is. */
export function isOutside(parameter: ParameterView, typed: string): boolean {
  if (typed.trim() === '' || controlOf(parameter) !== 'number') return false;
  const number = Number(typed);
  return !(
    (parameter.type === 'INT' ? Number.isSafeInteger(number) : Number.isFinite(number)) &&
    (parameter.minimum === null || number >= parameter.minimum) &&
    (parameter.maximum === null || number <= parameter.maximum)
  );
}

/** One step up or down, from what is typed or else from the default. */
export function stepped(parameter: ParameterView, typed: string, up: boolean): string {
  const from = Number(typed.trim() === '' ? (parameter.default ?? parameter.minimum ?? 0) : typed);
  if (!Number.isFinite(from)) return typed;
  const step = parameter.step ?? (parameter.type === 'INT' ? 1 : 10 ** -Math.min(parameter.decimals ?? 1, 2));
  const to = Math.min(parameter.maximum ?? Infinity, Math.max(parameter.minimum ?? -Infinity, from + (up ? step : -step)));
  return String(Number(to.toPrecision(12)));
}

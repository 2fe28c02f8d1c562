import type { SettingField } from '../contract.ts';

/** What stands in a control: a switch's state, or the text of everything else. A list has a line for each of its items. */
export type Draft = boolean | string;

export type Read =
  | { readonly ok: true; readonly value: SettingField['value'] }
  | { readonly ok: false; readonly problem: string };

/** How a value stands in its control. */
export function draftOf(field: SettingField, value = field.value): Draft {
  if (field.kind === 'boolean') return value === true;
  if (value === null) return '';
  return typeof value === 'object' ? value.join('\n') : `${value}`;
}

/** The value that a draft stands for, or what is wrong with it. The server judges again, and more. */
export function read(field: SettingField, draft: Draft): Read {
  if (typeof draft === 'boolean') return { ok: true, value: draft };
  const text = draft.trim();
  const problem = (found: string): Read => ({ ok: false, problem: `${found} Expected ${field.expected}.` });
  switch (field.kind) {
    case 'number': {
      if (text === '') return problem('There is no number.');
      if (!/^-?\d+$/.test(text)) return problem(`“${text}” is not a whole number.`);
      const value = Number(text);
      const { min = -Infinity, max = Infinity } = field;
      return value < min || value > max ? problem(`${text} is out of range.`) : { ok: true, value };
    }
    case 'list':
      return {
        ok: true,
        value: text
          .split(/[\n,]/)
          .map((item) => item.trim())
          .filter(Boolean),
      };
    case 'choice':
      return field.choices?.includes(text) === false
        ? problem(`“${text}” is none of them.`)
        : { ok: true, value: text };
    default:
      if (text !== '') return { ok: true, value: text };
      // Nothing is a value of those alone whose default it is.
      return field.default === null ? { ok: true, value: null } : problem('This is empty.');
  }
}

/** Whether a draft stands for something else than what is set. What cannot be read is a change, too. */
export function isChanged(field: SettingField, draft: Draft): boolean {
  const found = read(field, draft);
  return !found.ok || !isSame(found.value, field.value);
}

export function isDefault(field: SettingField, draft: Draft): boolean {
  const found = read(field, draft);
  return found.ok && isSame(found.value, field.default);
}

function isSame(a: SettingField['value'], b: SettingField['value']): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

/** Names that say more than their parts do. */
const titles: Readonly<Record<string, string>> = {
  tlsOnly: 'TLS only',
  userSignIn: 'Users may sign in',
  origins: 'Allowed origins',
  contentHiddenPrefixes: 'Channels whose content is hidden',
  eventBytes: 'Size of an event',
  memberBytes: 'Size of a member’s information',
  webhookUrl: 'Webhook address',
};

/** `clientEventsPerSecond` → "Client events per second". */
export function titleOf({ name }: Pick<SettingField, 'name'>): string {
  const words = name.replace(/([a-z])([A-Z])/g, '$1 $2').toLowerCase();
  return titles[name] ?? words.charAt(0).toUpperCase() + words.slice(1);
}

/** What the default is, in words: the field's own, or its value. */
export function defaultTextOf(field: SettingField): string {
  if (field.defaultText !== null) return field.defaultText;
  const { default: value } = field;
  if (value === null) return 'none';
  if (typeof value === 'boolean') return value ? 'on' : 'off';
  if (value === 0 && field.expected.includes('0 = no limit')) return 'no limit';
  if (typeof value === 'number') return value.toLocaleString();
  if (typeof value === 'string') return value === '' ? 'empty' : value;
  return value.length === 0 ? 'none' : value.join(', ');
}

import { type WebhookEndpoint, type WebhookEndpointDraft, webhookKindNames } from '../contract.ts';

/** What stands in the form: headers as lines, so that a half-typed one is kept. */
export interface EndpointForm {
  readonly url: string;
  readonly kinds: readonly string[];
  readonly prefix: string;
  readonly headers: readonly HeaderLine[];
  readonly batching: boolean;
  readonly enabled: boolean;
}

export interface HeaderLine {
  readonly name: string;
  readonly value: string;
}

/** What is wrong, for the person, by field: `url`, `kinds`, `prefix`, `headers` or `headers.{index}`. */
export type FormProblems = ReadonlyMap<string, string>;

export const headersMax = 10;
const urlLengthMax = 2_000;
const headerLengthMax = 2_000;

/** Set by the protocol or by HTTP itself; the server refuses them too. */
const headersOfProtocol =
  /^(x-pusher-.*|proxy-.*|sec-.*|content-(type|length|encoding)|accept-encoding|host|connection|keep-alive|transfer-encoding|te|trailer|upgrade|expect|via)$/i;

export const newForm: EndpointForm = {
  url: '',
  kinds: webhookKindNames.filter((kind) => kind !== 'client_event'),
  prefix: '',
  headers: [],
  batching: true,
  enabled: true,
};

export function formOf(endpoint: WebhookEndpoint): EndpointForm {
  const { url, kinds, prefix, headers, batching, enabled } = endpoint;
  const lines = Object.entries(headers).map(([name, value]) => ({ name, value }));
  return { url, kinds, prefix, headers: lines, batching, enabled };
}

/** What can be told without the server. Addresses that it may not go to are its own to refuse. */
export function problemsOf(form: EndpointForm): FormProblems {
  const problems = new Map<string, string>();
  const url = urlProblem(form.url.trim());
  if (url !== null) problems.set('url', url);
  if (form.kinds.length === 0) problems.set('kinds', 'Choose at least one kind of event.');
  if (!/^[A-Za-z0-9_\-=@,.;]{0,200}$/.test(form.prefix.trim())) {
    problems.set(
      'prefix',
      'A channel’s name has letters, digits and - _ = @ , . ; only, 200 of them at most.',
    );
  }
  const names = new Set<string>();
  form.headers.forEach(({ name, value }, index) => {
    const problem = headerProblem(name.trim(), value, names);
    if (problem !== null) problems.set(`headers.${index}`, problem);
    names.add(name.trim().toLowerCase());
  });
  if (form.headers.length > headersMax) {
    problems.set('headers', `There are ${form.headers.length} headers; ${headersMax} can be sent along.`);
  }
  return problems;
}

/** The form as the server takes it; lines of headers without name and value are left out. */
export function draftOf(form: EndpointForm): WebhookEndpointDraft {
  const filled = form.headers.filter(({ name, value }) => name.trim() !== '' || value !== '');
  return {
    url: form.url.trim(),
    kinds: webhookKindNames.filter((kind) => form.kinds.includes(kind)),
    prefix: form.prefix.trim(),
    headers: Object.fromEntries(filled.map(({ name, value }) => [name.trim(), value.trim()])),
    batching: form.batching,
    enabled: form.enabled,
  };
}

/** A refusal of the server, put where the field is: `headers.x-tenant` belongs to its line, what has no field to `form`. */
export function problemsFrom(
  form: EndpointForm,
  refusal: { readonly message: string; readonly field?: string },
): FormProblems {
  const { message, field } = refusal;
  const header = /^headers\.(.+)$/.exec(field ?? '')?.[1];
  const index = form.headers.findIndex(({ name }) => name.trim().toLowerCase() === header?.toLowerCase());
  if (index >= 0) return new Map([[`headers.${index}`, message]]);
  const known = ['url', 'kinds', 'prefix', 'headers'].find((name) => field === name);
  return new Map([[header === undefined ? (known ?? 'form') : 'headers', message]]);
}

function urlProblem(url: string): string | null {
  if (url === '') return 'Write the address that your server listens at.';
  if (url.length > urlLengthMax) return `An address has ${urlLengthMax} characters at most.`;
  if (!/^https?:\/\//i.test(url)) return 'An address begins with https:// or http://.';
  if (!URL.canParse(url) || /\s/.test(url))
    return 'This is no address. Check it for blanks and typing errors.';
  const parsed = new URL(url);
  if (parsed.hash !== '') return 'What follows # is never sent. Leave it out.';
  if (parsed.username !== '' || parsed.password !== '') {
    return 'Names and passwords in an address show up in logs. Send them as a header.';
  }
  return null;
}

function headerProblem(name: string, value: string, before: ReadonlySet<string>): string | null {
  if (name === '') return value === '' ? null : 'Name the header.';
  if (!/^[A-Za-z0-9!#$%&'*+\-.^_`|~]{1,100}$/.test(name))
    return 'A header’s name has letters, digits and - only.';
  if (headersOfProtocol.test(name)) return `${name} is set by the protocol and cannot be chosen.`;
  if (before.has(name.toLowerCase())) return `${name} is there twice.`;
  if (value.length > headerLengthMax) return `A header has ${headerLengthMax} characters at most.`;
  if (!/^[\x20-\x7e]*$/.test(value)) return 'A header holds letters, digits and signs of ASCII, in one line.';
  return null;
}

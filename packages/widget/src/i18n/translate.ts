import type { Dictionary, Texts } from './en.ts';
import type { Plural } from './plural.ts';

export type TextKey = keyof Texts;
export type Values = Readonly<Record<string, string | number>>;

/** Texts, numbers and dates in the reader's language. */
export interface Translator<Key extends string = TextKey> {
  /** The text of `key` with `{name}`s filled in. Values are isolated, so that their direction disturbs nothing. */
  (key: Key, values?: Values): string;
  /** The same in pieces, where a value is more than text. */
  parts<Value>(key: Key, values: Readonly<Record<string, Value>>): (string | Value)[];
  /** BCP 47. */
  readonly locale: string;
  readonly dir: 'ltr' | 'rtl';
  number(value: number): string;
  percent(share: number): string;
  bytes(count: number): string;
  /** Hour and minute. */
  time(at: number): string;
  /** Today, yesterday, or the date. */
  day(at: number): string;
  /** As short as a list can have it: the time today, else the date. */
  short(at: number): string;
  /** Date and time in full. */
  full(at: number): string;
  list(names: readonly string[]): string;
  /** Loads the texts of rare views. Rejects when they cannot be fetched; may be called again. */
  more(): Promise<void>;
}

const dayMs = 86_400_000;

const rightToLeft =
  /[\p{Script=Arabic}\p{Script=Hebrew}\p{Script=Syriac}\p{Script=Thaana}\p{Script=Nko}\u200f\u202a-\u202e]/u;

/**
 * @param locale of the texts, for plurals, and of the reader, for numbers and dates: `ar-EG` has texts of `ar`
 * @param loadMore the texts of rare views
 */
export function translator<Key extends string = TextKey>(
  locale: string,
  texts: Readonly<Record<Key, string | Plural>>,
  loadMore: () => Promise<Readonly<Record<string, string | Plural>>>,
): Translator<Key> {
  const table = new Map(Object.entries<string | Plural>(texts));
  const plurals = new Intl.PluralRules(locale);
  const numbers = new Intl.NumberFormat(locale);
  const percents = new Intl.NumberFormat(locale, { style: 'percent' });
  const format = (options: Intl.DateTimeFormatOptions) => new Intl.DateTimeFormat(locale, options);
  const time = format({ hour: 'numeric', minute: '2-digit' });
  const weekday = format({ weekday: 'long', day: 'numeric', month: 'long' });
  const date = format({ dateStyle: 'long' });
  const short = format({ day: 'numeric', month: 'short' });
  const full = format({ dateStyle: 'long', timeStyle: 'short' });
  const lists = new Intl.ListFormat(locale);

  const dir = /^(ar|fa|he|ur)\b/.test(locale) ? 'rtl' : 'ltr';
  /** A value of another direction keeps it to itself. */
  const isolated = (value: string) =>
    dir === 'rtl' || rightToLeft.test(value) ? `\u2068${value}\u2069` : value;
  const template = (key: string, n: unknown): string => {
    const text = table.get(key) ?? key;
    if (typeof text === 'string') return text;
    return text[plurals.select(Number(n))] ?? text.other;
  };
  const daysAgo = (at: number) => {
    const midnight = new Date().setHours(24, 0, 0, 0);
    return Math.floor((midnight - at) / dayMs);
  };

  const translate = (key: string, values: Values = {}) =>
    template(key, values.n).replace(/\{(\w+)\}/g, (_, name: string) => {
      const value = values[name] ?? '';
      return typeof value === 'number' ? numbers.format(value) : isolated(value);
    });

  return Object.assign(translate, {
    parts: <Value>(key: string, values: Readonly<Record<string, Value>>) =>
      template(key, values.n)
        .split(/\{(\w+)\}/)
        .map((piece, index) => (index % 2 === 0 ? piece : (values[piece] ?? ''))),
    locale,
    dir,
    number: (value: number) => numbers.format(value),
    percent: (share: number) => percents.format(share),
    bytes(count: number) {
      const step = count < 1e6 ? 1 : 2;
      const unit = ['byte', 'kilobyte', 'megabyte'][count < 1000 ? 0 : step];
      return new Intl.NumberFormat(locale, {
        style: 'unit',
        unit: unit ?? 'byte',
        maximumFractionDigits: step === 2 ? 1 : 0,
      }).format(count < 1000 ? count : count / 1000 ** step);
    },
    time: (at: number) => time.format(at),
    day(at: number) {
      const days = daysAgo(at);
      if (days <= 1) return translate(days < 1 ? 'today' : 'yesterday');
      return (days < 300 ? weekday : date).format(at);
    },
    short: (at: number) => (daysAgo(at) < 1 ? time : short).format(at),
    full: (at: number) => full.format(at),
    list: (names: readonly string[]) => lists.format(names.map(isolated)),
    async more() {
      for (const [key, text] of Object.entries(await loadMore())) table.set(key, text);
    },
  }) as Translator<Key>;
}

export type { Dictionary, Texts };

import { describe, expect, test } from 'bun:test';
import { ar } from './ar.ts';
import { de } from './de.ts';
import { en } from './en.ts';
import { es } from './es.ts';
import { fr } from './fr.ts';
import { english, loadTexts } from './load.ts';
import { more as arMore } from './more/ar.ts';
import { more as deMore } from './more/de.ts';
import { more as enMore } from './more/en.ts';
import { more as esMore } from './more/es.ts';
import { more as frMore } from './more/fr.ts';
import type { Plural } from './plural.ts';
import { translator } from './translate.ts';

type Words = Readonly<Record<string, string | Plural>>;
const everyForm = (text: string | Plural): string[] =>
  typeof text === 'string' ? [text] : Object.values(text);
const namesIn = (text: string) => [...text.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => name);

const languages: Record<string, Words> = {
  de: { ...de, ...deMore },
  fr: { ...fr, ...frMore },
  es: { ...es, ...esMore },
  ar: { ...ar, ...arMore },
};
const english_: Words = { ...en, ...enMore };

test('no text of a rare view has the key of one of the first panel', () => {
  expect(Object.keys(enMore).filter((key) => key in en)).toEqual([]);
});

for (const [language, words] of Object.entries(languages)) {
  describe(language, () => {
    test('has every text, and none is empty or left in English', () => {
      expect(Object.keys(words).sort()).toEqual(Object.keys(english_).sort());
      const same = Object.keys(words).filter(
        (key) => JSON.stringify(words[key]) === JSON.stringify(english_[key]),
      );
      // Words that are the same in both.
      const alike =
        /^(chat|online|offline|invisible\w*|conversations|contacts\w*|lobby|guest|emoji\w*|placeholder|announceMessage|personSaid|mentionsBadge|muted|invitations|attention|reactions|nameLabel|minutes|or|peopleHere)$/;
      expect(same.filter((key) => !alike.test(key))).toEqual([]);
      expect(
        Object.keys(words).filter((key) => everyForm(words[key] ?? '').some((text) => text.trim() === '')),
      ).toEqual([]);
    });

    test('fills in the same values as English', () => {
      for (const [key, text] of Object.entries(words)) {
        const given = new Set(everyForm(english_[key] ?? '').flatMap(namesIn));
        const used = new Set(everyForm(text).flatMap(namesIn));
        expect([key, [...used].sort()]).toEqual([key, [...given].sort()]);
      }
    });

    test('has forms that its plural rules know', () => {
      const known: readonly string[] = new Intl.PluralRules(language).resolvedOptions().pluralCategories;
      for (const [key, text] of Object.entries(words)) {
        if (typeof text !== 'string')
          expect([key, Object.keys(text).filter((form) => !known.includes(form))]).toEqual([key, []]);
      }
    });
  });
}

test('a text is filled in, and a value keeps its direction to itself', () => {
  const t = english();
  expect(t('asksYou', { name: 'نور' })).toBe('\u2068نور\u2069 asks to talk to you');
  expect(t('secondsLeft', { n: 1234 })).toBe('1,234 s left');
});

test('the plural form is that of the language', () => {
  expect(english()('unread', { n: 1 })).toBe('1 unread message');
  expect(english()('unread', { n: 2 })).toBe('2 unread messages');
  const t = translator('ar', ar, async () => arMore);
  expect(t('unread', { n: 2 })).toBe('رسالتان غير مقروءتين');
  expect(t('unread', { n: 11 })).toContain('رسالة');
});

test('a text comes in pieces where a value is more than text', () => {
  expect(english().parts('asksYou', { name: 7 })).toEqual(['', 7, ' asks to talk to you']);
});

test('texts of rare views are there once they are loaded', async () => {
  const t = english();
  const any = t as unknown as (key: string) => string;
  expect(any('signOut')).toBe('signOut');
  await t.more();
  expect(any('signOut')).toBe('Sign out');
});

test('the first wanted language that there is, is taken; else English', async () => {
  expect((await loadTexts(['nl', 'de-AT', 'en'])).locale).toBe('de-AT');
  expect((await loadTexts(['nl'])).locale).toBe('en');
  expect((await loadTexts(['constructor'])).locale).toBe('en');
  const t = await loadTexts(['ar-EG']);
  expect([t.dir, t('today')]).toEqual(['rtl', 'اليوم']);
});

test('days and sizes are said as the reader says them', () => {
  const t = english();
  const now = Date.now();
  expect(t.day(now)).toBe('Today');
  expect(t.day(now - 86_400_000)).toBe('Yesterday');
  expect(t.bytes(999)).toBe('999 byte');
  expect(t.bytes(1_340_000)).toBe('1.3 MB');
  expect(translator('de', de, async () => deMore).bytes(2_000)).toBe('2 kB');
});

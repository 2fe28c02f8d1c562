import { en, type Texts } from './en.ts';
import type { MoreTexts } from './more/en.ts';
import { type Translator, translator } from './translate.ts';

interface Language {
  readonly texts: () => Promise<Texts>;
  readonly more: () => Promise<MoreTexts>;
}

const enMore = async () => (await import('./more/en.ts')).more;

/** Languages there are, each but English in chunks of its own. */
const languages: Record<string, Language> = {
  de: {
    texts: async () => (await import('./de.ts')).de,
    more: async () => (await import('./more/de.ts')).more,
  },
  fr: {
    texts: async () => (await import('./fr.ts')).fr,
    more: async () => (await import('./more/fr.ts')).more,
  },
  es: {
    texts: async () => (await import('./es.ts')).es,
    more: async () => (await import('./more/es.ts')).more,
  },
  ar: {
    texts: async () => (await import('./ar.ts')).ar,
    more: async () => (await import('./more/ar.ts')).more,
  },
};

/** English, at once: for the launcher, before anything is loaded. */
export const english = (locale = 'en'): Translator => translator(locale, en, enMore);

/**
 * Texts in the first language of `wanted` (BCP 47, best first) that there is, else in English. When they cannot be
 * loaded, English is there.
 */
export async function loadTexts(wanted: readonly string[]): Promise<Translator> {
  for (const locale of wanted) {
    const language = locale.toLowerCase().split('-')[0] ?? '';
    if (language === 'en') return english(locale);
    const found = new Map(Object.entries(languages)).get(language);
    if (found === undefined) continue;
    try {
      return translator(locale, await found.texts(), found.more);
    } catch {
      return english(); // the chunk could not be fetched: better English than nothing
    }
  }
  return english();
}

import { type Translator, translator } from '../../../i18n/translate.ts';
import { en, type LiveTextKey, type LiveTexts } from './en.ts';

export type LiveTranslator = Translator<LiveTextKey>;

/** Each but English in a chunk of its own. */
const languages = new Map<string, () => Promise<LiveTexts>>([
  ['en', async () => en],
  ['de', async () => (await import('./de.ts')).de],
  ['fr', async () => (await import('./fr.ts')).fr],
  ['es', async () => (await import('./es.ts')).es],
  ['ar', async () => (await import('./ar.ts')).ar],
]);

const nothing = async () => ({});

export const english = (): LiveTranslator => translator<LiveTextKey>('en', en, nothing);

/** Texts in the first language of `wanted` (BCP 47, best first) that there is, else in English. */
export async function loadLiveTexts(wanted: readonly string[]): Promise<LiveTranslator> {
  for (const locale of wanted) {
    const texts = languages.get(locale.toLowerCase().split('-')[0] ?? '');
    if (texts === undefined) continue;
    try {
      return translator<LiveTextKey>(locale, await texts(), nothing);
    } catch {
      break; // the chunk could not be fetched: better English than nothing
    }
  }
  return english();
}

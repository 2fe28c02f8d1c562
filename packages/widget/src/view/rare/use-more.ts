import type { MoreTexts } from '../../i18n/more/en.ts';
import type { TextKey, Translator } from '../../i18n/translate.ts';
import { useFixed } from '../context.ts';

/** The translator with the texts of rare views, which `lazy` has loaded before any of them is shown. */
export const useMore = () => useFixed().t as unknown as Translator<TextKey | keyof MoreTexts>;
export type MoreTranslator = ReturnType<typeof useMore>;

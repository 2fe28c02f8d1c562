import { more as en, type MoreTexts } from './en.ts';

export const more: MoreTexts = en;

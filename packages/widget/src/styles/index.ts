import tokens from '@earshot/ui/tokens.css' with { type: 'text' };
import { adopt, registerUnit, type Theme } from './adopt.ts';
import base from './base.css' with { type: 'text' };
import frame from './frame.css' with { type: 'text' };

/** Gives a shadow root (or the chat's own page) everything that the first panel looks like. Call it before rendering. */
export function adoptStyles(root: ShadowRoot | Document, theme: Theme = 'auto'): void {
  registerUnit();
  for (const css of [tokens, base, frame]) adopt(root, css, theme);
}

export type { Theme };

import type { Actions } from '../../store/actions.ts';

/** Puts a text on the clipboard and says so. To be called in the click itself: browsers allow it there alone. */
export function copy(actions: Pick<Actions, 'copied'>, text: string): void {
  const { clipboard } = navigator as { clipboard?: Clipboard };
  if (clipboard === undefined) return void actions.copied(false);
  clipboard.writeText(text).then(
    () => actions.copied(true),
    () => actions.copied(false),
  );
}

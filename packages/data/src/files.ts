import { chmodSync, closeSync, existsSync, mkdirSync, openSync, readdirSync, statSync } from 'node:fs';
import { DataError, messageOf } from './error.ts';

/** Others of this machine may do something with it. */
const othersMay = 0o077;

/**
 * Makes sure that the folder exists and that nobody else can look into it. One that is open to others is closed
 * only if it is empty or has `ownFile` in it: to do that to `/tmp` or a home folder would break other things.
 */
export function preparePrivateFolder(folder: string, ownFile: string): void {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    if ((statSync(folder).mode & othersMay) === 0) return;
    const inside = readdirSync(folder);
    if (inside.length === 0 || inside.includes(ownFile)) {
      chmodSync(folder, 0o700);
      return;
    }
  } catch (error) {
    throw new DataError(
      `EARSHOT_DATA_DIR is ${folder}, which cannot be used: ${messageOf(error)}. Expected a folder that this user ` +
        'may create or owns. Name another one, or change its owner',
    );
  }
  throw new DataError(
    `EARSHOT_DATA_DIR is ${folder}, which others can look into and which holds other things. Expected a folder of ` +
      `its own. Name one that does not exist yet, or close this one: chmod 700 ${folder}`,
  );
}

/** Makes sure that the file exists and that nobody else can read it. Never opens a file that exists. */
export function preparePrivateFile(file: string): void {
  if (!existsSync(file)) closeSync(openSync(file, 'a', 0o600));
  else if ((statSync(file).mode & othersMay) !== 0) chmodSync(file, 0o600);
}

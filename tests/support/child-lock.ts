/** A process that takes the data folder given, as soon as it is told to, and keeps it. See folder-lock.test.ts. */
import { DataError, lockDataFolder } from '@earshot/data';

console.log('ready');
for await (const _ of console) {
  try {
    await lockDataFolder(process.argv[2] ?? '');
    console.log('locked');
  } catch (error) {
    if (!(error instanceof DataError)) throw error;
    console.log(error.message);
  }
}

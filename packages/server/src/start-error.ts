/** The server cannot start. The message is for the person who starts it: setting, what was found, what to do. */
export class StartError extends Error {
  override readonly name = 'StartError';
}

/**
 * Where the bytes are. Names are random, made by `newStoredName`, and used once. (`storage-disk.ts`; something that several
 * machines reach can take its place.)
 */
export interface FileStorage {
  /** Begins a file. It is not there under its name before `keep`. */
  create(name: string): Promise<NewFile>;
  /** Undefined when there is none. */
  read(name: string): Promise<Blob | undefined>;
  /** Removes the file, also one that was begun and not kept. None there: nothing happens. */
  remove(name: string): Promise<void>;
}

export interface NewFile {
  append(bytes: Uint8Array): Promise<void>;
  /** What was appended so far. */
  bytes(): Promise<Uint8Array>;
  /** From now on it is there, also after a power cut. */
  keep(): Promise<void>;
  discard(): Promise<void>;
}

/** 16 random bytes in hexadecimal: file systems that ignore case can tell them apart. */
export function newStoredName(): string {
  return Buffer.from(crypto.getRandomValues(new Uint8Array(16))).toString('hex');
}

const encoder = new TextEncoder();

/** Whether `text` takes more than `bytes` bytes in UTF-8. Counts only where the length alone does not tell. */
export function exceedsBytes(text: string, bytes: number): boolean {
  if (text.length > bytes) return true;
  return text.length * 3 > bytes && encoder.encode(text).length > bytes;
}

/** The longest start of `text` that takes at most `bytes` bytes in UTF-8 and splits no character. */
export function cutToBytes(text: string, bytes: number): string {
  const { read } = encoder.encodeInto(text, new Uint8Array(bytes));
  return text.slice(0, read);
}

/** `text`, or its first `length` characters and an ellipsis: what a stranger sent is not echoed without bound. */
export function excerpt(text: string, length = 200): string {
  return text.length <= length ? text : `${text.slice(0, length)}…`;
}

/** How many ids one call to the random source pays for. */
const batch = 256;
const words = new Uint32Array(batch * 3);
let used = batch;

/** A socket id, `digits.digits`: unique in the cluster by chance, its second half (53 bits) not to be guessed (CONN-3). */
export function newSocketId(): string {
  if (used === batch) {
    crypto.getRandomValues(words);
    used = 0;
  }
  const at = used++ * 3;
  const first = words[at] as number;
  const second = ((words[at + 1] as number) & 0x1fffff) * 0x1_0000_0000 + (words[at + 2] as number);
  return `${first}.${second}`;
}

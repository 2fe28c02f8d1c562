/** What of tweetnacl is used. */
export interface Box {
  hash(bytes: Uint8Array): Uint8Array;
  seal(plain: Uint8Array, nonce: Uint8Array, key: Uint8Array): Uint8Array;
  open(sealed: Uint8Array, nonce: Uint8Array, key: Uint8Array): Uint8Array | null;
}

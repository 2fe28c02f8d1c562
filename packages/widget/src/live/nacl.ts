import nacl from 'tweetnacl';
import type { Box } from './box.ts';

/** A chunk of its own: most browsers never need it. */
export const box: Box = {
  hash: (bytes) => nacl.hash(bytes),
  seal: (plain, nonce, key) => nacl.secretbox(plain, nonce, key),
  open: (sealed, nonce, key) => nacl.secretbox.open(sealed, nonce, key),
};

/** What one check costs: 19 MiB and two passes, as OWASP's Password Storage Cheat Sheet has it for Argon2id. */
const cost = { algorithm: 'argon2id', memoryCost: 19_456, timeCost: 2 } as const;

/** Checks at the same time, each with its memory; they run on threads of their own. */
const atOnceMost = 2;
/** Checks that wait for their turn; one more is refused. */
const waitingMost = 32;

export const passwordCharactersLeast = 10;
/** More would only cost time. */
export const passwordCharactersMost = 200;

/**
 * Those of ten characters and more that everybody tries first: of the lists of leaked passwords the ones that are long enough.
 * Compared without case.
 */
const common = new Set(
  (
    '1234567890 0123456789 0987654321 1234567891 12345678910 123456789a 1q2w3e4r5t 1qaz2wsx3edc q1w2e3r4t5 qwertyuiop qwerty12345 ' +
    'qwertyuiop123 qwerty123456 password12 password123 password1234 password12345 password!1 passwordpassword p@ssw0rd123 ' +
    'passw0rd123 administrator admin12345 admin123456 admin@1234 adminadmin1 adminadmin letmein123 letmein1234 welcome123 ' +
    'welcome1234 iloveyou12 iloveyou123 changeme123 changemenow abcdefghij abcd123456 abc1234567 abc123456789 1111111111 ' +
    '0000000000 9876543210 1122334455 1212121212 football123 baseball123 superman123 sunshine123 princess123 trustno1trustno1 ' +
    'correcthorsebatterystaple secretsecret secret1234 secret12345 rootroot12 toor123456 earshot123 earshot1234 earshotearshot'
  ).split(' '),
);

/** Why a new password will not do; null when it will. */
export function passwordProblem(password: string): string | null {
  const characters = [...password].length;
  if (characters < passwordCharactersLeast || password.length > passwordCharactersMost) {
    return `Expected a password of ${passwordCharactersLeast} to ${passwordCharactersMost} characters; this one has ${characters}.`;
  }
  if (common.has(password.toLowerCase()) || new Set(password).size < 3) {
    return 'This password is among those that everybody tries first. Choose one that nobody would guess.';
  }
  return null;
}

/** Too many passwords are being checked already. */
export class TooBusyError extends Error {
  override readonly name = 'TooBusyError';
}

/** Makes and checks hashes of passwords, a few at a time, so that a flood of sign-ins does not eat the memory. */
export class Passwords {
  readonly #waiting: (() => void)[] = [];
  #running = 0;
  #nobodys: Promise<string> | undefined;

  /** @throws TooBusyError */
  hash(password: string): Promise<string> {
    return this.#inTurn(() => Bun.password.hash(password, cost));
  }

  /**
   * Takes as long for a hash of null, which is that of nobody.
   * @throws TooBusyError
   */
  async isRight(password: string, hash: string | null): Promise<boolean> {
    if (password.length > passwordCharactersMost) return false;
    this.#nobodys ??= Bun.password.hash(crypto.randomUUID(), cost);
    const against = hash ?? (await this.#nobodys);
    const right = await this.#inTurn(() => Bun.password.verify(password, against));
    return right && hash !== null;
  }

  async #inTurn<Result>(work: () => Promise<Result>): Promise<Result> {
    if (this.#running >= atOnceMost) {
      if (this.#waiting.length >= waitingMost) throw new TooBusyError('Too many passwords are being checked');
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    } else this.#running++;
    try {
      return await work();
    } finally {
      // Whoever waits takes over this one's place, so that nobody who comes now overtakes them.
      const next = this.#waiting.shift();
      if (next === undefined) this.#running--;
      else next();
    }
  }
}

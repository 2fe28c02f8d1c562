/** What stands in the place of a secret; its length tells nothing. */
export const dots = '••••••••••••••••';

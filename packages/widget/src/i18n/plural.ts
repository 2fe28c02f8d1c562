/** A text for each plural form of the language, by the names of `Intl.PluralRules`. */
export type Plural = { readonly other: string } & { readonly [Form in Intl.LDMLPluralRule]?: string };

/** Keeps the kind of a text wide, so that each language has the forms it needs. */
export const plural = (forms: Plural): Plural => forms;

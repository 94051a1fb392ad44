/** What browsers say, each in its words, of a script that could not be loaded. */
const WORDS = /dynamically imported module|importing a module script failed|unable to preload/i;

/** Whether a part of the pages did not load, rather than failed. */
export const isMissingPart = (error: unknown): boolean => error instanceof Error && WORDS.test(error.message);

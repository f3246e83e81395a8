// Programs that get a token, with an application's values in them. They read the secret from the environment, and keys from files: a
// secret in a source file ends up in a repository.
import { curl } from './curl';
import { go } from './go';
import { java } from './java';
import { node } from './node';
import { python } from './python';
import type { SnippetValues } from './values';

export { SECRET_VARIABLE, type SnippetValues, exportLine, keyFile, quoted, shellQuoted, signs, usesSecret, valuesOf } from './values';

export type SnippetLanguage = 'curl' | 'python' | 'node' | 'java' | 'go';

const MAKERS: Record<SnippetLanguage, (v: SnippetValues) => string> = { curl, python, node, java, go };

export const SNIPPET_LANGUAGES: readonly { id: SnippetLanguage; label: string }[] = [
  { id: 'curl', label: 'curl' },
  { id: 'python', label: 'Python' },
  { id: 'node', label: 'Node.js' },
  { id: 'java', label: 'Java' },
  { id: 'go', label: 'Go' },
];

// What OpenSSL, PyJWT, Node.js, Java and Go all sign with.
const EVERYWHERE = /^(?:[EHPR]S(?:256|384|512)|EdDSA)$/;

/** Whether there are programs for it: post-quantum algorithms are in few libraries yet. */
export const hasPrograms = ({ algorithm }: SnippetValues): boolean => algorithm === '' || EVERYWHERE.test(algorithm);

export function snippet(language: SnippetLanguage, values: SnippetValues): string {
  return MAKERS[language](values);
}

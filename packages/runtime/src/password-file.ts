/** Passwords in files: read anew at each login, so that whoever renews one needs no restart. */
import { readFileSync } from 'node:fs';

/** Answers the password of the moment. @throws Error that names the file, and tells nothing of what is in it */
export type Password = () => string;

/** What stands in `file`, but for line breaks at its end; `undefined` without a file. */
export function passwordFile(file: string | undefined): Password | undefined {
  if (file === undefined) return undefined;
  return () => {
    const password = readFileSync(file, 'utf8').replace(/[\r\n]+$/, '');
    if (password === '') throw new Error(`${file} holds no password`);
    return password;
  };
}

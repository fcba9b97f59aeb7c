// Where Chromium is: the path in CHROMIUM, or the first of the usual names. Run directly, it prints the path.
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { pathToFileURL } from 'node:url';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];

function executable(path) {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** The path of an installed Chromium; throws a sentence that says how to get one. */
export function chromiumPath() {
  const folders = (process.env.PATH ?? '').split(delimiter).concat('/usr/bin');
  const candidates = process.env.CHROMIUM ? [process.env.CHROMIUM] : NAMES.flatMap((name) => folders.map((f) => join(f, name)));
  const found = candidates.find(executable);
  if (!found) throw new Error("Chromium is missing: run 'tools/setup.sh browser', or set CHROMIUM to the path of one.");
  return found;
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  try {
    console.log(chromiumPath());
  } catch (error) {
    console.error(error.message);
    process.exit(1);
  }
}

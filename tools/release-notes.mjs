/**
 * `node tools/release-notes.mjs v0.2.0`: prints the section of CHANGELOG.md for a tag. Ends with 1 and a sentence when the tag is not the version of
 * package.json, or the changelog has no section for it.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');
const fail = (sentence) => {
  process.stderr.write(`${sentence}\n`);
  process.exit(1);
};
const [tag = ''] = process.argv.slice(2);
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
if (tag !== `v${version}`)
  fail(`The tag ${tag || '(none)'} does not name the version of package.json, which is ${version}: tag v${version}.`);
const changelog = readFileSync(join(root, 'CHANGELOG.md'), 'utf8');
const heading = `## [${version}]`;
const [, section] = changelog.split(new RegExp(`^${heading.replace(/[.[\]]/g, '\\$&')}[^\\n]*\\n`, 'm'));
if (section === undefined)
  fail(`CHANGELOG.md has no section "${heading}": what stands under [Unreleased] goes there when a version is made.`);
process.stdout.write(`${section.split(/^## \[/m)[0].trim()}\n`);

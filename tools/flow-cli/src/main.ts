import { checkFlow, type FlowCheckReport } from '@sluice/flow-engine';
import { fuzz } from './fuzz.js';
import { InputError, loadInput } from './load-input.js';
import { printReports } from './print-report.js';

const USAGE = `Usage: npm run flow -- check FILE… [--json] [--ports FOLDER]
       npm run flow -- fuzz [INPUTS] [--seed NUMBER] [ARTIFACT.iflw…]

Tells of each flow whether it can be deployed, and if not, everything that is in the way.
FILE is a .yaml or .json definition, an .iflw, the .zip of an artifact or package, or a folder with one .iflw.
--ports FOLDER  JavaScript files that replace scripts, each named after one: script1.groovy.js
--json          the report as JSON

fuzz reads random and mutated XML, JSON, YAML and BPMN (10000 inputs; the artifacts named are mutated as well).

Exit code: 0 all supported, 1 some are not, 2 wrong use or unreadable file.
`;

/** @returns the exit code */
export function main(words: readonly string[], write: (text: string) => void, colour: boolean): number {
  const [command, ...rest] = words;
  if (command === 'fuzz') return fuzz(rest, write);
  const files: string[] = [];
  let json = false;
  let ports: string | undefined;
  for (let index = 0; index < rest.length; index++) {
    const word = rest[index] as string;
    if (word === '--json') json = true;
    else if (word === '--ports') ports = rest[++index];
    else if (word.startsWith('--')) {
      write(`"${word}" is no option.\n\n${USAGE}`);
      return 2;
    } else files.push(word);
  }
  if (command !== 'check' || files.length === 0) {
    write(USAGE);
    return 2;
  }
  const reports: FlowCheckReport[] = [];
  try {
    for (const file of files) reports.push(checkFlow(loadInput(file, ports)));
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    write(`${error.message}\n`);
    return 2;
  }
  write(json ? `${JSON.stringify(reports, null, 2)}\n` : printReports(reports, { colour }));
  return reports.every((report) => report.flows.every((flow) => flow.verdict === 'supported')) ? 0 : 1;
}

import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { transformSync } from '@swc/core';
import { CoverageReport } from 'monocart-coverage-reports';
import { swc } from '../../jest.preset.mjs';
import { packages } from './packages.mjs';

const root = join(import.meta.dirname, '..', '..');
/** What is counted: not the tests, nor what only they use. */
const isCounted = (path) => path.endsWith('.ts') && !path.endsWith('.spec.ts') && !/\/(testing|bench)\//.test(path);

/** A reporter of Jest that hands what V8 counted in each test file to Monocart, which relates it to the syntax tree. */
export default class CoverageReporter {
  #report;
  #added = Promise.resolve();

  constructor() {
    const { name, folder, within } = packages.find((each) => each.name === process.env.SLUICE_COVERED_PACKAGE);
    this.#report = new CoverageReport({
      name,
      outputDir: join(root, 'coverage', name),
      reports: [
        ['v8'],
        // Read by `main.mjs`.
        ['json-summary', { file: 'summary.json' }],
        ['lcovonly', { file: 'lcov.info' }],
        ['text', { file: 'coverage.txt', maxCols: 160 }],
      ],
      logging: 'error',
      baseDir: root,
      all: {
        dir: join(root, folder, within ?? 'src'),
        filter: (path) => (isCounted(path) ? 'js' : false),
        // A file that no test loads counts as one of which nothing ran.
        transformer: async (entry) => {
          const { code, map } = transformSync(entry.source, {
            ...swc,
            filename: fileURLToPath(entry.url),
            sourceMaps: true,
          });
          entry.source = code;
          entry.sourceMap = JSON.parse(map);
        },
      },
    });
  }

  onTestFileResult(_test, { v8Coverage = [] }) {
    const entries = v8Coverage
      .filter(({ result, codeTransformResult }) => codeTransformResult && isCounted(result.url))
      .map(({ result, codeTransformResult }) => ({
        ...result,
        url: pathToFileURL(result.url).href,
        source: codeTransformResult.code,
      }));
    if (entries.length > 0) this.#added = this.#added.then(() => this.#report.add(entries));
  }

  async onRunComplete() {
    await this.#added;
    await this.#report.generate();
  }
}

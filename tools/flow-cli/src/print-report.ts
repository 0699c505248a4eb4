import type { FlowCheck, FlowCheckReport, FlowProblem, FlowVerdict } from '@sluice/flow-engine';

const COLOURS: Readonly<Record<FlowVerdict, number>> = { supported: 32, 'needs-scripts': 33, refused: 31 };

/** How much is printed: colours only for a terminal. */
export interface PrintOptions {
  readonly colour: boolean;
}

/** @returns a table of the flows and, below, what is in the way of each */
export function printReports(reports: readonly FlowCheckReport[], options: PrintOptions): string {
  const paint = (text: string, code: number): string => (options.colour ? `\u001b[${code}m${text}\u001b[0m` : text);
  const flows = reports.flatMap((report) => report.flows.map((flow) => ({ report, flow })));
  const rows = flows.map(({ flow }) => [
    flow.verdict,
    flow.name,
    flow.senders[0] ?? '-',
    String(Object.values(flow.steps).reduce((sum, count) => sum + count, 0)),
    String(flow.problems.length),
    String(flow.warnings.length),
    flow.scriptsToPort.map(({ script, ported }) => (ported ? `${script} (ported)` : script)).join(', ') || '-',
  ]);
  const header = ['verdict', 'flow', 'sender', 'steps', 'problems', 'warnings', 'scripts to port'];
  const widths = header.map((title, column) =>
    Math.min(48, Math.max(title.length, ...rows.map((row) => (row[column] as string).length))),
  );
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, column) => fit(cell, widths[column] as number))
      .join('  ')
      .trimEnd();
  const lines = [paint(line(header), 1)];
  rows.forEach((row, index) => {
    const verdict = (flows[index] as { flow: FlowCheck }).flow.verdict;
    lines.push(line(row).replace(verdict, () => paint(verdict, COLOURS[verdict])));
  });
  for (const { report, flow } of flows) lines.push(...details(report, flow, paint));
  for (const report of reports)
    for (const other of report.others)
      lines.push('', `${report.input}: "${other.name}" is a ${other.kind}, which is no flow and was not checked.`);
  const counts = (['supported', 'needs-scripts', 'refused'] as const).map(
    (verdict) => `${flows.filter(({ flow }) => flow.verdict === verdict).length} ${verdict}`,
  );
  lines.push('', `${flows.length} flows: ${counts.join(', ')}`);
  return `${lines.join('\n')}\n`;
}

function details(report: FlowCheckReport, flow: FlowCheck, paint: (text: string, code: number) => string): string[] {
  if (flow.problems.length + flow.warnings.length === 0) return [];
  const lines = ['', `${paint(flow.name, 1)}  ${report.input}`];
  for (const problem of flow.problems) lines.push(...problemLines(problem, paint));
  for (const warning of flow.warnings) lines.push(`  ${paint('warning', 33)} ${place(warning)}${warning.message}`);
  for (const { script, uses } of flow.scriptsToPort)
    if (uses !== null) {
      const parts = [`${uses.lines} lines`, ...uses.features, ...uses.messageApi, ...uses.imports];
      lines.push(`  ${paint('script', 36)} ${script}: ${parts.join(', ')}`);
    }
  return lines;
}

function problemLines(problem: FlowProblem, paint: (text: string, code: number) => string): string[] {
  const lines = [`  ${paint(problem.code, 31)} ${place(problem)}${problem.message}`];
  if (problem.nearest !== undefined) lines.push(`      nearest: ${problem.nearest}`);
  return lines;
}

function place(item: {
  readonly element?: { type: string; id: string; name: string };
  readonly path: string;
  readonly line?: number;
}): string {
  const line = item.line === undefined ? '' : ` line ${item.line}`;
  if (item.element === undefined) return `${item.path}${line}: `;
  const name = item.element.name === '' ? '' : ` "${item.element.name}"`;
  return `${item.element.type} ${item.element.id}${name}${line}: `;
}

function fit(text: string, width: number): string {
  return text.length > width ? `${text.slice(0, width - 1)}…` : text.padEnd(width);
}

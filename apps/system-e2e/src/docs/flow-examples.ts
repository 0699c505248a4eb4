import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const folder = join(import.meta.dirname, '..', '..', '..', '..', 'examples', 'flows');

/** A flow of `examples/flows`, and what its first lines say of it. */
export interface FlowExample {
  /** Of its file, of the flow, and its id when it is deployed. */
  readonly name: string;
  readonly yaml: string;
  /** A message and its answer; undefined when the file says why it is not called. */
  readonly exchange?: {
    readonly address: string;
    readonly sent: string;
    readonly status: number;
    readonly body: string;
  };
}

/** @throws Error that names the file which says neither what it answers nor why it is not called */
export function readFlowExamples(): FlowExample[] {
  return readdirSync(folder)
    .filter((file) => file.endsWith('.yaml'))
    .sort()
    .map((file) => {
      const yaml = readFileSync(join(folder, file), 'utf8');
      const name = file.slice(0, -'.yaml'.length);
      const comment = (what: string) => new RegExp(`^# ${what}: (.*)$`, 'm').exec(yaml)?.[1];
      const sent = comment('Sent');
      const [, status, body = ''] = /^(\d{3})(?: (.*))?$/.exec(comment('Answer') ?? '') ?? [];
      const address = /address: (\/[^\s,}]+)/.exec(yaml)?.[1];
      if (sent !== undefined && status !== undefined && address !== undefined)
        return { name, yaml, exchange: { address, sent: textOf(sent), status: Number(status), body: textOf(body) } };
      if (comment('Not called') === undefined)
        throw new Error(`${file} begins with "# Sent: …" and "# Answer: 200 …", or with "# Not called: why".`);
      return { name, yaml };
    });
}

/** As it stands, or a JSON text where it needs more than one line. */
function textOf(written: string): string {
  return written.startsWith('"') ? (JSON.parse(written) as string) : written;
}

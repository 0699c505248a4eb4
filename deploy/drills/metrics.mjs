import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { root } from './stack.mjs';

/** What a Prometheus outside finds, and the example configuration for it. */
export async function metrics({ stack, see }) {
  const url = `http://127.0.0.1:${stack.metricsPort}`;
  const targets = await (await fetch(`${url}/targets`)).json();
  const jobs = {};
  for (const {
    targets: [target],
    labels,
  } of targets) {
    const answer = await fetch(`http://${target}${labels.__metrics_path__}`);
    const text = await answer.text();
    const samples = text.split('\n').filter((line) => /^[a-z_]+(\{.*\})? [0-9.e+-]+$/i.test(line)).length;
    (jobs[labels.job] ??= []).push(answer.status === 200 ? samples : `status ${answer.status}`);
    if (labels.job !== 'load-balancer') {
      const { status, stdout, stderr } = spawnSync('promtool', ['check', 'metrics'], { input: text, encoding: 'utf8' });
      if (status !== null)
        see(`promtool of ${labels.job}`, `${stdout}${stderr}`.trim() || 'nothing to say', 'nothing to say');
    }
  }
  see(
    'samples of each process',
    JSON.stringify(jobs),
    () =>
      Object.keys(jobs).length === 7 &&
      Object.values(jobs)
        .flat()
        .every((count) => count > 5),
  );
  const check = spawnSync('promtool', ['check', 'config', join(root, 'deploy', 'prometheus', 'prometheus.yml')], {
    encoding: 'utf8',
  });
  see(
    'promtool of the example configuration',
    check.error ? 'promtool is not there' : `${check.stdout}${check.stderr}`.trim(),
    (said) => check.error || /SUCCESS/.test(said),
  );
}

/** A database that a later minor version changed: the older image refuses it, and the backup is the way back. */
export async function newerDatabase({ stack, restored, imageFrom, see, say }) {
  const target = (await restored.containers('key-management')).length > 0 ? restored : stack;
  const older = target.image;
  const root = '/srv/sluice';
  const migration = `${root}/apps/key-management/migrations/9999999999999-later.sql`;
  const newer = imageFrom(older, 'next-minor', [
    'USER root',
    `RUN node -e "const fs = require('fs'); for (const file of ['package.json', 'libs/persistence/package.json']) { const path = '${root}/' + file; fs.writeFileSync(path, fs.readFileSync(path, 'utf8').replace(/\\"version\\": *\\"[^\\"]*\\"/, '\\"version\\": \\"99.0.0\\"')); }"`,
    `RUN echo 'ALTER TABLE service_key ADD COLUMN later text;' > ${migration}`,
    'USER 10001:10001',
  ]);
  const refused = await target
    .run('bash', ['deploy/upgrade.sh'], { environment: { SLUICE_IMAGE: newer } })
    .catch((error) => error.message);
  see('to another minor version without a word about it', /no way back but a backup/.test(refused) || refused, true);
  const began = performance.now();
  say(await target.run('bash', ['deploy/upgrade.sh', '--with-outage'], { environment: { SLUICE_IMAGE: newer } }));
  see('with --with-outage it took', `${((performance.now() - began) / 1_000).toFixed(0)} s`, () => true);
  target.image = older;
  const start = await target.compose('run', '--rm', '-T', '--no-deps', 'key-management').then(
    (said) => said,
    (error) => error.message,
  );
  const sentence = /The schema [^"]*upgrade\./.exec(start)?.[0];
  see('the older image says', sentence ?? start, (seen) => seen === sentence);
}

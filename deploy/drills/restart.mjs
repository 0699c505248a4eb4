import { constantRate } from './load.mjs';

/** `docker compose restart` of everything. */
export async function restart({ stack, see }) {
  const flow = await stack.makeFlow(`restart-${Date.now().toString(36)}`);
  const key = await stack.issueKey(flow, 'sender');
  await key.sender.answered(200);
  const calls = constantRate(() => key.sender.call(), 20);
  const began = performance.now();
  const seconds = () => ((performance.now() - began) / 1_000).toFixed(1);
  await stack.compose('restart');
  const returned = seconds();
  await key.sender.answered(200, 120);
  const served = seconds();
  await stack.ready(180);
  see('compose returned, first 200, all ready after', `${returned} s, ${served} s, ${seconds()} s`, () => true);
  await calls.stop();
  see('calls meanwhile', calls.tally, ({ outcomes }) => outcomes[401] === undefined && outcomes[403] === undefined);
  see(
    'a change afterwards',
    (await stack.admin('POST', '/v1/user-roles', { name: `${flow.role}.after`, description: '' })).status,
    201,
  );
  key.sender.close();
}

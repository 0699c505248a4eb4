import { constantRate } from './load.mjs';

/** Two more flow runtimes at once, and away again, under load over new connections. */
export async function scaleUp({ stack, see }) {
  const flow = await stack.makeFlow(`scale-${Date.now().toString(36)}`);
  const key = await stack.issueKey(flow, 'sender');
  await key.sender.answered(200);
  key.sender.agent.maxFreeSockets = 0;
  const calls = constantRate(() => key.sender.call(), 30);
  const scale = async (count) => {
    await stack.compose('up', '--detach', '--no-recreate', '--scale', `flow-runtime=${count}`, 'flow-runtime');
    await stack.ready();
  };
  await scale(4);
  await scale(2);
  await calls.stop();
  see('calls while two runtimes came and went', calls.tally, ({ failures }) => failures.length === 0);
  key.sender.close();
}

/**
 * Answers each request on the bus with what came, as a process of its own: what a round trip takes when nothing is done
 * for it. `echo-responder.js NATS_URL SEED_FILE CA_FILE SUBJECT`.
 */
import { connectBus } from '@sluice/messaging';

const [url, seedFile, caFile, subject] = process.argv.slice(2) as [string, string, string, string];
const connection = await connectBus({ service: 'authorization', url, seedFile, caFile, name: 'bench-echo' });
connection.subscribe(subject, { callback: (_error, message) => void message.respond(message.data) });
await connection.flush();
process.once('SIGTERM', () => void connection.close().then(() => process.exit(0)));
process.stdout.write('listening\n');

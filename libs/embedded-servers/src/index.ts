export { eachLine, startChildServer, type ChildServer, type StartOptions } from './child-server.js';
export { freePort, portIsTaken } from './free-port.js';
export { locateHaproxy, type HaproxyLine, type Program } from './haproxy-binary.js';
export { startNatsServer, type NatsServerOptions } from './nats-server.js';
export { locateNatsServer } from './nats-server-binary.js';
export { processFamily, signalFamily } from './process-family.js';
export { makeStandby, standbyConfiguration, type StandbyOptions } from './postgres-standby.js';
export { reachableDataDirectory, startPostgres, type PostgresOptions } from './postgres-server.js';

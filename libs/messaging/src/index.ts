export { makeRuntimeStreams } from './bus/make-streams.js';
export { connectBus, type BusOptions } from './bus/connect-bus.js';
export {
  createEventStream,
  EventPublisher,
  type AcknowledgedEvents,
  type PlacedEvent,
} from './event/event-publisher.js';
export { EventTail, type StoredEvent } from './event/event-tail.js';
export {
  CertificateListMissing,
  CertificateListStore,
  watchCertificateLists,
} from './object/certificate-list-store.js';
export { AheadBudget } from './request/ahead-budget.js';
export { BusServer, PassErrorsOn, type BusServerOptions } from './request/bus-server.js';
export { ContractPipe, decodeRequest, Handles } from './request/handles.js';
export { RequestClient } from './request/request-client.js';
export {
  continueRequest,
  maySample,
  sampleTracesBy,
  type SampleTrace,
  currentRequest,
  requestIdHeader,
  runInRequest,
  traceparentHeader,
  type RequestContext,
} from './request/request-context.js';
export { type FollowedKeys, RecordReader, RecordRefused, RecordSigner } from './state/signed-record.js';
export { StateBucket, type BucketState, type StoredRecord } from './state/state-bucket.js';
export { StateFollower, type StateChange, type StateFollowerOptions } from './state/state-follower.js';
export { ClockComparison, maxClockDeviationMs, type OtherClock } from './state/clock-comparison.js';
export { StateLease, type Continuity, type StateLeaseOptions } from './state/state-lease.js';
export { StatePublisher } from './state/state-publisher.js';
export type { StateEntry } from './state/held-records.js';

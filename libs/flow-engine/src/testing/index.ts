/** For the tests of whoever implements the engine's ports. */
export { describeDataStore, type DataStoreUnderTest } from './data-store-contract.js';
export { describeVariables, type VariablesUnderTest } from './variables-contract.js';

import { MemoryDataStore, MemoryStores, MemoryVariables } from '../testing/flow-fixture.js';
import { describeDataStore } from '../testing/data-store-contract.js';
import { describeVariables } from '../testing/variables-contract.js';

describeDataStore('in memory, which the tests of the steps use', () => {
  const stores = new MemoryStores();
  return {
    ofFlow: (flowId) => new MemoryDataStore(stores, flowId),
    advance: (milliseconds) => void (stores.now += milliseconds),
  };
});

describeVariables('in memory, which the tests of the steps use', () => {
  const stores = new MemoryStores();
  return {
    ofFlow: (flowId) => new MemoryVariables(stores, flowId),
    advance: (milliseconds) => void (stores.now += milliseconds),
  };
});

import { createHeapStore } from '../../src/store/heap/store.ts'
import { storeContract } from './store.contract.ts'

storeContract('heap', (options) => createHeapStore({ name: 's0', ...options }), true)

import { floodScenarios } from './cases/flood.ts'
import { slowEnvironment } from './cases/slow.ts'
import { checkScenarios } from './check-cases.ts'

checkScenarios(floodScenarios, { environment: slowEnvironment, growthMiB: 300, concurrency: false })

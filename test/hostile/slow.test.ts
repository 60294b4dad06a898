import { slowEnvironment, slowScenarios } from './cases/slow.ts'
import { checkScenarios } from './check-cases.ts'

checkScenarios(slowScenarios, { environment: slowEnvironment, growthMiB: 300, concurrency: true })

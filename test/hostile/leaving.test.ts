import { leavingEnvironment, leavingScenarios } from './cases/leaving.ts'
import { checkScenarios } from './check-cases.ts'

checkScenarios(leavingScenarios, { environment: leavingEnvironment, growthMiB: 200, concurrency: false })

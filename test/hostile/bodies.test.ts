import { bodyCases } from './cases/bodies.ts'
import { checkCases } from './check-cases.ts'

checkCases(bodyCases, 200)

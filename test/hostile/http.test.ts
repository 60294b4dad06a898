import { httpCases } from './cases/http.ts'
import { checkCases } from './check-cases.ts'

checkCases(httpCases, 200)

import { CheckpointError, quote } from './checkpoint-error.ts'
import { nameOpcode, opcodes } from './pickle-opcodes.ts'

/** A function that a pickle may call. `spend` charges copying to its budget: it may pass the same list any number of times. */
export type PickleFunction = (args: readonly unknown[], spend: (steps: number) => void) => unknown

export interface PickleRules {
  /** Allow-list, keyed by `module.attribute`: a pickle may call a `PickleFunction`; anything else is an inert constant. */
  readonly globals: ReadonlyMap<string, unknown>
  /** Resolves a persistent id, PyTorch's way to reference a storage. */
  readonly resolvePersistentId: (id: unknown) => unknown
}

/**
 * Most steps of a pickle. A real checkpoint of 512 tensors takes 12,000. Every step may cost an object of a few hundred bytes, so
 * the limit also bounds memory; sharing through the memo copies references only.
 */
const maxSteps = 1_000_000

/**
 * Reads one pickle of protocol 2 to 5 that starts at `start`; `end` is the offset behind it.
 * Nothing is executed: dicts become `Map`s, lists arrays, tuples frozen arrays, and only the globals of the allow-list exist.
 * Values stay `unknown` and may be nested to any depth or contain themselves: callers must not recurse into them.
 *
 * @throws CheckpointError `CHECKPOINT_UNSAFE` for any other opcode or global (named), `CHECKPOINT_TRUNCATED`,
 * `CHECKPOINT_INVALID`, `CHECKPOINT_TOO_LARGE`.
 */
export function unpickle (bytes: Buffer, start: number, rules: PickleRules): { value: unknown, end: number } {
  const unpickler = new Unpickler(bytes, start, rules)
  return { value: unpickler.run(), end: unpickler.offset }
}

class Unpickler {
  offset: number
  readonly #bytes: Buffer
  readonly #rules: PickleRules
  readonly #memo = new Map<number, unknown>()
  /** Positions of open MARKs on the stack. */
  readonly #marks: number[] = []
  readonly #stack: unknown[] = []
  #steps = 0

  constructor (bytes: Buffer, start: number, rules: PickleRules) {
    this.#bytes = bytes
    this.offset = start
    this.#rules = rules
  }

  run (): unknown {
    const protocol = this.#byte() === opcodes.PROTO ? this.#byte() : 0
    if (protocol < 2 || protocol > 5) throw invalid('expected the pickle to declare protocol 2 to 5')
    for (;;) {
      this.#spend(1)
      const opcode = this.#byte()
      if (opcode === opcodes.STOP) return this.#pop()
      this.#step(opcode)
    }
  }

  #step (opcode: number): void {
    switch (opcode) {
      case opcodes.FRAME: this.#take(8); break // framing only helps readers of streams
      case opcodes.MARK: this.#marks.push(this.#stack.length); break

      case opcodes.NONE: this.#stack.push(null); break
      case opcodes.NEWTRUE: this.#stack.push(true); break
      case opcodes.NEWFALSE: this.#stack.push(false); break
      case opcodes.BININT: this.#stack.push(this.#take(4).readInt32LE()); break
      case opcodes.BININT1: this.#stack.push(this.#byte()); break
      case opcodes.BININT2: this.#stack.push(this.#take(2).readUInt16LE()); break
      case opcodes.LONG1: this.#stack.push(readLong(this.#take(this.#byte()))); break
      case opcodes.BINFLOAT: this.#stack.push(this.#take(8).readDoubleBE()); break
      case opcodes.BINUNICODE: case opcodes.BINSTRING: this.#stack.push(this.#text(this.#take(4).readUInt32LE())); break
      case opcodes.SHORT_BINUNICODE: case opcodes.SHORT_BINSTRING: this.#stack.push(this.#text(this.#byte())); break

      case opcodes.EMPTY_TUPLE: this.#pushTuple([]); break
      case opcodes.TUPLE: this.#pushTuple(this.#popToMark()); break
      case opcodes.TUPLE1: this.#pushTuple(this.#popMany(1)); break
      case opcodes.TUPLE2: this.#pushTuple(this.#popMany(2)); break
      case opcodes.TUPLE3: this.#pushTuple(this.#popMany(3)); break
      case opcodes.EMPTY_LIST: this.#stack.push([]); break
      case opcodes.APPEND: this.#append(this.#popMany(1)); break
      case opcodes.APPENDS: this.#append(this.#popToMark()); break
      case opcodes.EMPTY_DICT: this.#stack.push(new Map()); break
      case opcodes.SETITEM: this.#setItems(this.#popMany(2)); break
      case opcodes.SETITEMS: this.#setItems(this.#popToMark()); break

      case opcodes.BINPUT: this.#memo.set(this.#byte(), this.#top()); break
      case opcodes.LONG_BINPUT: this.#memo.set(this.#take(4).readUInt32LE(), this.#top()); break
      case opcodes.MEMOIZE: this.#memo.set(this.#memo.size, this.#top()); break
      case opcodes.BINGET: this.#recall(this.#byte()); break
      case opcodes.LONG_BINGET: this.#recall(this.#take(4).readUInt32LE()); break

      case opcodes.GLOBAL: this.#pushGlobal(this.#line(), this.#line()); break
      case opcodes.STACK_GLOBAL: this.#pushGlobal(...this.#popMany(2)); break
      case opcodes.REDUCE: case opcodes.NEWOBJ: this.#reduce(); break
      case opcodes.BUILD: this.#build(); break
      case opcodes.BINPERSID: this.#stack.push(this.#rules.resolvePersistentId(this.#pop())); break

      default:
        throw new CheckpointError('CHECKPOINT_UNSAFE',
          `The pickle uses the opcode ${nameOpcode(opcode)}, which no PyTorch state dict needs; save the state dict alone, as in torch.save(model.state_dict(), path).`)
    }
  }

  #pushTuple (items: unknown[]): void {
    this.#stack.push(Object.freeze(items))
  }

  #append (items: readonly unknown[]): void {
    const list = this.#top()
    if (!Array.isArray(list) || Object.isFrozen(list)) throw invalid('expected a list to append to')
    for (const item of items) list.push(item)
  }

  #setItems (items: readonly unknown[]): void {
    const dict = this.#top()
    if (!(dict instanceof Map) || items.length % 2 !== 0) throw invalid('expected a dict and pairs of keys and values')
    for (let i = 0; i < items.length; i += 2) dict.set(items[i], items[i + 1])
  }

  #recall (slot: number): void {
    if (!this.#memo.has(slot)) throw invalid(`nothing was memoised in slot ${slot}`)
    this.#stack.push(this.#memo.get(slot))
  }

  #pushGlobal (module?: unknown, attribute?: unknown): void {
    if (typeof module !== 'string' || typeof attribute !== 'string') throw invalid('expected a global to be named by two strings')
    const known = this.#rules.globals.get(`${module}.${attribute}`)
    if (known === undefined) {
      throw new CheckpointError('CHECKPOINT_UNSAFE',
        `The pickle requests the Python object ${quote(`${module}.${attribute}`)}, which is not on the list of what a PyTorch state dict needs; save the state dict alone, as in torch.save(model.state_dict(), path).`)
    }
    this.#stack.push(known)
  }

  #reduce (): void {
    const [callee, args] = this.#popMany(2)
    if (typeof callee !== 'function' || !Array.isArray(args)) throw invalid('expected a callable and a tuple of arguments')
    // The allow-list is the only way for a function to get onto the stack.
    const call = callee as PickleFunction
    this.#stack.push(call(args, (steps) => this.#spend(steps)))
  }

  /** Sets the state of an OrderedDict: its attributes (`_metadata`, the versions of torch's modules) are ignored. */
  #build (): void {
    this.#pop()
    if (!(this.#top() instanceof Map)) throw new CheckpointError('CHECKPOINT_UNSAFE', 'The pickle sets the state of something that is not a dict.')
  }

  #spend (steps: number): void {
    this.#steps += steps
    if (this.#steps > maxSteps) {
      throw new CheckpointError('CHECKPOINT_TOO_LARGE', `The pickle takes more than ${maxSteps} steps; a checkpoint of this network takes some 12,000.`)
    }
  }

  #top (): unknown {
    if (this.#stack.length <= (this.#marks.at(-1) ?? 0)) throw invalid('its stack is empty')
    return this.#stack.at(-1)
  }

  #pop (): unknown {
    const top = this.#top()
    this.#stack.pop()
    return top
  }

  #popMany (count: number): unknown[] {
    if (this.#stack.length - count < (this.#marks.at(-1) ?? 0)) throw invalid('its stack is empty')
    return this.#stack.splice(-count)
  }

  #popToMark (): unknown[] {
    const mark = this.#marks.pop()
    if (mark === undefined) throw invalid('a mark is missing')
    return this.#stack.splice(mark)
  }

  #byte (): number {
    return this.#take(1).readUInt8()
  }

  #take (length: number): Buffer {
    const end = this.offset + length
    if (end > this.#bytes.length) {
      throw new CheckpointError('CHECKPOINT_TRUNCATED', `The pickle ends at byte ${this.#bytes.length} inside an opcode that runs to byte ${end}.`)
    }
    const taken = this.#bytes.subarray(this.offset, end)
    this.offset = end
    return taken
  }

  #text (length: number): string {
    return this.#take(length).toString('utf8')
  }

  #line (): string {
    const end = this.#bytes.indexOf(0x0a, this.offset)
    if (end === -1) throw new CheckpointError('CHECKPOINT_TRUNCATED', 'The pickle ends inside the name of a global.')
    const line = this.#text(end - this.offset)
    this.offset = end + 1
    return line
  }
}

/** Decodes little-endian two's complement of any length: a number if it is exact, else a bigint. */
function readLong (bytes: Buffer): number | bigint {
  if (bytes.length === 0) return 0
  const magnitude = BigInt(`0x${Buffer.from(bytes).reverse().toString('hex')}`)
  const long = BigInt.asIntN(bytes.length * 8, magnitude)
  return Number.isSafeInteger(Number(long)) ? Number(long) : long
}

function invalid (problem: string): CheckpointError {
  return new CheckpointError('CHECKPOINT_INVALID', `The pickle is malformed: ${problem}.`)
}

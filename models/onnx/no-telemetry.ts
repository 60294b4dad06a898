/**
 * Imported before ONNX Runtime is: since 1.29 its builds for Linux and macOS keep a device id and a database in the user's cache
 * directory and report sessions to their maker, unless this variable says no. It must be set on the main thread: a worker's
 * environment is a copy that native code does not see.
 */
process.env['ORT_DISABLE_TELEMETRY'] = '1'

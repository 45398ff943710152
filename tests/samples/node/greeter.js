/** Greets people by their names. */
export function greet(name) {
  if (name === "") {
    return "Hello, whoever you are";
  }
  return `Hello, ${name}`;
}

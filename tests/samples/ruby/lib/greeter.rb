# frozen_string_literal: true

# Greets people by their names.
class Greeter
  def greet(name)
    return 'Hello, whoever you are' if name.empty?

    "Hello, #{name}"
  end
end

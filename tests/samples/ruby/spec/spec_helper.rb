# frozen_string_literal: true

require 'simplecov'

SimpleCov.start do
  enable_coverage :line
  add_filter '/spec/'
end

require_relative '../lib/greeter'

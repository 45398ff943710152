# frozen_string_literal: true

require_relative 'spec_helper'

RSpec.describe Greeter do
  it 'greets by name' do
    expect(described_class.new.greet('Ada')).to eq('Hello, Ada')
  end

  it 'greets a stranger' do
    expect(described_class.new.greet('')).to eq('Hello, whoever you are')
  end
end

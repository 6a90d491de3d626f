"""Explicit, tractable: p(x) = Π p(xᵢ | x₁ … xᵢ₋₁)."""

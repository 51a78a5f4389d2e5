"""Tests of ./run: how it finds, makes and keeps what the rest needs."""
